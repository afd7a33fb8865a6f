"""Types of what clients send: everything has a range, a length and no control characters."""

import re
import unicodedata
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, EmailStr, Field

from app.services.quotes import HIGHEST_PRICE
from app.services.symbols import CODE

LARGEST_ID = 2**31 - 1
LARGEST_QUANTITY = 1_000_000
PAGE = 100
LARGEST_OFFSET = 1_000_000
NAME = re.compile(r"[\w.@+-]+")


def _is_clean(text: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise ValueError("must not hold control characters")
    return text


def _is_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("may hold letters, digits and . @ + - _ only")
    return text


def _is_code(text: str) -> str:
    if not CODE.fullmatch(text.upper()):
        raise ValueError("must be a six-place code such as 005930 or 0126Z0")
    return text.upper()


def _is_number(value: Any) -> Any:
    """JSON's true is a 1 to pydantic, and "90000" a number; neither is a price."""
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


def _is_ascii(text: str) -> str:
    if not text.isascii():
        raise ValueError("must be ASCII")
    return text


Clean = AfterValidator(_is_clean)
Number = BeforeValidator(_is_number)

Username = Annotated[str, Field(min_length=1, max_length=50), Clean, AfterValidator(_is_name)]
Password = Annotated[str, Field(min_length=8, max_length=256)]
# Looser than at registration: a wrong guess is told apart by 401, not by its shape.
GivenPassword = Annotated[str, Field(min_length=1, max_length=256)]
GivenUsername = Annotated[str, Field(min_length=1, max_length=254), Clean]
Email = Annotated[EmailStr, Field(max_length=254), Clean]
SymbolCode = Annotated[str, Field(max_length=6), AfterValidator(_is_code)]
Won = Annotated[int, Field(ge=1, le=HIGHEST_PRICE), Number]
Quantity = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY), Number]
Identifier = Annotated[int, Field(ge=1, le=LARGEST_ID), Number]
Words = Annotated[str, Query(min_length=1, max_length=100), Clean]

IdInPath = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=PAGE)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]
