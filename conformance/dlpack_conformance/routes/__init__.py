"""Routes that belong to no library, one file each."""
