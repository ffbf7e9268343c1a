"""The rules of known tools, written out from their documentation, over one recording."""
