-- The database of a private stack.
create database countersign template template0 encoding 'UTF8';
