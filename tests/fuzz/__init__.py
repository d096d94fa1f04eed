"""Files that an enemy or a slip has written: whatever they hold, a command ends in a message, in seconds."""
