"""The file protocol: stage, adopt, quarantine, recover; checksums and path rules (DESIGN 7)."""
