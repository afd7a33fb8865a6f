"""Shapes that several routes answer with."""

from pydantic import BaseModel


class Answer(BaseModel):
    message: str
