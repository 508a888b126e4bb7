"""Acting on a node: grants verified, the ledger written, four typed actions carried out."""
