// Removed with the first source here.
