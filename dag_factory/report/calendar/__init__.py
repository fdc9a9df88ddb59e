"""How many syncs start when, in a week: hours by days, the worst minutes, and what cannot be known."""
