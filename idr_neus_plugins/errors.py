"""The one exception that means: the input is at fault, and the message says what to do about it."""


class UserError(ValueError):
    """Bad input. The message names what is wrong and what to do; commands print it without a stack trace."""
