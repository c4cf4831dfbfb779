"""The console's pages in a real browser: how much they fetch, how soon they show something, how smoothly they move."""
