"""Every statement of the house. One module per resource; each statement is guarded, and each
function
takes the transaction it runs in: the service decides where a transaction begins and ends."""
