"""What users read, in English. The API's error words that clients compare are English in the contract too."""

ALERT_NOT_FOUND = "There is no such alert."
ALERT_FOR_SYMBOL_NOT_FOUND = "You have no alert on that symbol."
ALERT_LIMIT_REACHED = "You can have {limit} alerts at most. Please remove one that you no longer need."
SYMBOL_NOT_FOUND = "There is no such symbol."
TRADE_EXCEEDS_HOLDINGS = "You hold {held} shares and cannot sell more."
TRADE_POSITION_TOO_LARGE = "You cannot hold more than {limit} shares of one symbol."
JOB_NOT_FOUND = "There is no such job: {job}"
LINK_CODE_REFUSED = "That link code is wrong, used or expired. Please ask for a new one."

USERNAME_OR_EMAIL_TAKEN = "Username or email already registered"
LOGIN_REFUSED = "Incorrect username or password"
NOT_AUTHENTICATED = "Not authenticated"
PASSWORD_WRONG = "Current password is wrong"  # noqa: S105
PASSWORD_GUESSABLE = "That password is among the first that are guessed; choose another one"  # noqa: S105
TOKEN_REFUSED = "Could not validate credentials"  # noqa: S105
USER_NOT_FOUND = "User not found"
ADMIN_REQUIRED = "Admin access required"
NOT_YOURS = "The user_id is not yours; leave it out, the token says who you are"
TOO_MANY_LOGINS = "Too many failed logins, try again later"
UNAVAILABLE = "Service temporarily unavailable"
TOO_LARGE = "Request body too large"
TOO_SLOW = "Request body took too long"
BUG = "Internal Server Error"

# The bot, and what it sends by itself: Telegram's HTML; what is filled in is escaped before. The same names in ko.py.
PRICE_ALERT = (
    "🔔 Price alert: {name} ({symbol})\nThe price, {price:,} won, is {condition} your target of {target_price:,} won."
)
CONDITIONS = {"gte": "at or above", "lte": "at or below"}
RESENT = "(재전송) sent again #{id}"
LATE = "(late) This alert is from {moment}."
PART_OF_LONG_TEXT = "({number}/{count})"
BOT_APOLOGY = "Sorry, something went wrong here. Please try again in a moment."
BOT_WELCOME = (
    "Welcome to the stock price alert bot, <b>{name}</b>!\n"
    "Example: <code>/alert 005930 90000 gte</code> → you hear from us when Samsung Electronics is at 90,000 won.\n"
    "/help lists the commands."
)
BOT_LINKED = "This chat now belongs to the account <b>{username}</b>. Alerts that were waiting will arrive shortly."
BOT_LINK_PRIVATE_ONLY = "An account can be linked only in a private chat with the bot."
BOT_HELP_TITLE = "<b>[Help]</b>"
BOT_START_FIRST = "Please send /start first."
BOT_DISABLED = "This account is disabled. Please ask an administrator."
BOT_UNKNOWN_COMMAND = "I do not know that command. /help lists the commands."
BOT_TOO_MANY = "Too many requests. Please try again in a moment."
BOT_ADMIN_ONLY = "That command is for administrators."
BOT_ADMIN_TOO_OLD = (
    "An administrator's command sent {seconds} seconds ago is not run. Send it again if you still want it."
)
BOT_REGISTERED = "You will get messages from now on. (Telegram alerts ON)"
BOT_UNREGISTERED = "You will get no more messages. (Telegram alerts OFF)"
BOT_ALERT_SET = "✅ Alert set: {name} ({symbol}) {condition} {target_price:,} won."
BOT_ALERT_USAGE = "Usage: <code>/alert CODE|NAME PRICE gte|lte</code>\nExample: <code>/alert 005930 90000 gte</code>"
BOT_ALERT_BAD_INPUT = "I could not read that: the price is whole won, the condition is gte or lte.\n" + BOT_ALERT_USAGE
BOT_ALERT_BAD_PRICE = "A price can be from 1 to {highest:,} won."
BOT_ALERTS_TITLE = "<b>[Your alerts]</b>"
BOT_ALERTS_LINE = "{id}. {name} ({symbol}) {condition} {target_price:,} won ({state})"
BOT_ALERTS_NONE = "You have no alerts.\n" + BOT_ALERT_USAGE
BOT_ALERTS_HINT = "Remove one: <code>/alert_remove NUMBER</code>"
BOT_ALERT_WAITING = "waiting"
BOT_ALERT_OFF = "off"
BOT_ALERT_FIRED = "fired {moment}, {delivery}"
BOT_DELIVERY = {
    "pending": "message waits",
    "leased": "being sent",
    "sent": "delivered",
    "parked": "waits for the chat",
    "dead": "could not be delivered",
    "unknown": "may not have been delivered",
}
BOT_ALERT_REMOVED = "Alert {id} removed."
BOT_ALERT_REMOVE_USAGE = "Usage: <code>/alert_remove NUMBER</code> (/alert_list has the numbers)"
BOT_ALERT_REMOVE_BUTTON = "🗑 Remove {id}"
BOT_SEVERAL_SYMBOLS = "Several symbols match. Please use the code:"
BOT_NO_SYMBOL = "No symbol matches '{words}'."
BOT_PRICE = "<b>{name} ({symbol})</b>\n{price:,} won{change}\nas of {moment}"
BOT_PRICE_CHANGE = " ({difference:+,} won, {percent:+.2f}%)"
BOT_PRICE_STALE = "⚠️ This is not a current price."
BOT_PRICE_HALTED = "⚠️ Trading is halted."
BOT_PRICE_NONE = "No price of {name} ({symbol}) has been received yet."
BOT_PRICE_USAGE = "Usage: <code>/price CODE|NAME</code>"
BOT_LANGUAGE_SET = "From now on I answer in English."
BOT_LANGUAGE_USAGE = "Usage: <code>/language ko|en</code>"
BOT_STATS = (
    "📊 <b>Statistics</b>\n👥 users: {users}\n⏳ waiting: {pending} (oldest {oldest_s} s)\n"
    "✅ sent: {sent}\n🅿️ parked: {parked}\n❓ unknown: {unknown}\n❌ dead: {dead}"
)
BOT_COMMANDS = {
    "start": "start, or link your account with a code",
    "help": "list the commands",
    "register": "switch messages on",
    "unregister": "switch messages off",
    "alert": "set a price alert; alone: list them",
    "alert_add": "set a price alert",
    "set_price": "set a price alert",
    "alert_list": "list your alerts",
    "alert_remove": "remove an alert",
    "price": "the current price",
    "language": "change the language (ko, en)",
    "admin_stats": "statistics (administrators)",
}
BOT_EXAMPLES = {
    "alert": "/alert 005930 90000 gte",
    "alert_remove": "/alert_remove 3",
    "price": "/price 005930",
    "language": "/language ko",
}
