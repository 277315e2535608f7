-- Who has a pack in its hands: a process that was killed finds by it what to go on with. Null: nobody, or an older version.
alter table packs add column worker text;
