"""The doctor: whether an alert would get through, asked live of everything on its way."""
