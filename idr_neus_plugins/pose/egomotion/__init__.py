"""The path of a camera past one or several objects, which stand still."""
