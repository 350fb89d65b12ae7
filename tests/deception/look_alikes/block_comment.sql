select 1 /* usеr
   more */
