"""The one base every error of ours rests on."""


class AwgpError(Exception):
    """Something a caller can be told plainly; the message names the field and the fix."""
