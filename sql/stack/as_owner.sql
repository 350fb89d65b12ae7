-- Before each file of ours: everything belongs to the owner, whom nobody can log in as.
set local role countersign_owner;
