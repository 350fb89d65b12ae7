-- "Already there, skipping" is no news when a file is applied again.
set client_min_messages = warning;
