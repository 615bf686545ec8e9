// The query that the page was opened with, before any tab changes the address.

export const openedWith = new URLSearchParams(location.search);
