"""Evidence as a document: read and checked, shown in lines, compared, and made fit to be shown. Pure."""
