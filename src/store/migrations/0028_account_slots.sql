-- By whose move it is packs are counted by their facets; a slot of its own is for those that their status does not tell of: in
-- pending_validation, with nothing found wrong. src/pack/account-slots.ts
update account_counts set n = n - coalesce((
    select sum(of_status.n) from account_counts as of_status
     where of_status.cell = account_counts.cell and of_status.account_id = account_counts.account_id
       and of_status.part = account_counts.part and of_status.slot < 10000
       and of_status.slot / 256 in (4, 5, 12, 13, 14, 15, 17)), 0)
 where slot = 10001;
delete from account_counts where slot in (10000, 10002);
