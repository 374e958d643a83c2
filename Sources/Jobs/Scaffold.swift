// Removed with this module's first source.
