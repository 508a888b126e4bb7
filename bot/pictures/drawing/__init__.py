"""Shapes, text and colours that every picture is drawn with."""
