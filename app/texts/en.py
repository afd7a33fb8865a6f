"""What users read, in English. The API's error words that clients compare are English in the contract too."""

USERNAME_OR_EMAIL_TAKEN = "Username or email already registered"
LOGIN_REFUSED = "Incorrect username or password"
NOT_AUTHENTICATED = "Not authenticated"
TOKEN_REFUSED = "Could not validate credentials"  # noqa: S105
USER_NOT_FOUND = "User not found"
ADMIN_REQUIRED = "Admin access required"
NOT_YOURS = "The user_id is not yours; leave it out, the token says who you are"
TOO_MANY_LOGINS = "Too many failed logins, try again later"
UNAVAILABLE = "Service temporarily unavailable"
TOO_LARGE = "Request body too large"
TOO_SLOW = "Request body took too long"
BUG = "Internal Server Error"
