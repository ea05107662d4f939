/** What handles stand for: images that are open, and nodes in them, found again from the handle alone. */
export {};
