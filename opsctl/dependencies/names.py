"""Package name ≠ module name: which package brings a module."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import packages_distributions

from packaging.utils import canonicalize_name

# Needed on the day a package is not installed, which is the day this check is for.
WELL_KNOWN: Mapping[str, str] = {
    "apscheduler": "apscheduler",
    "argon2": "argon2-cffi",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "dotenv": "python-dotenv",
    "email_validator": "email-validator",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
}


def packages_of(module: str, known: Iterable[str]) -> tuple[str, ...]:
    """The packages that may bring a module, by their normalised names; never empty.

    `known` are the packages somebody names (pyproject.toml, the lock): where several packages bring
    a module, those are preferred, and a module that nobody knows has the package of the same name.
    """
    top = module.partition(".")[0]
    installed = {str(canonicalize_name(name)) for name in _installed().get(top, ())}
    candidates = installed | ({WELL_KNOWN[top]} if top in WELL_KNOWN else set())
    preferred = sorted(candidates & set(known)) or sorted(candidates)
    return tuple(preferred) or (str(canonicalize_name(top)),)


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()
