"""Acting on a node: grants verified, the ledger written, typed actions carried out."""
