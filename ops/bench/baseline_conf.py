"""The product's gunicorn configuration without what is the product's own: no hooks, no metrics."""

from ops import gunicorn_conf

globals().update(
    {
        name: value
        for name, value in vars(gunicorn_conf).items()
        if not name.startswith("_") and isinstance(value, str | int | None)
    }
)
