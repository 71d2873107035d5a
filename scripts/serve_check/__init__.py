"""What serve_check.py checks, one file each."""
