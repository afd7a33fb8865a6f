"""Everything users read: Korean is the language of the contract, English stands beside it."""

from types import ModuleType

from app.texts import en, ko

LANGUAGES = {"ko": ko, "en": en}


def in_language(language: str | None) -> ModuleType:
    """The texts of a language; Korean for one we do not have."""
    return LANGUAGES.get(language or "ko", ko)
