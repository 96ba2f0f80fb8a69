-- Orleans' ADO.NET providers read every statement they run from this table, by key.
CREATE TABLE OrleansQuery (
    QueryKey  text NOT NULL PRIMARY KEY,
    QueryText text NOT NULL
);
