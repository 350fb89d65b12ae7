select 1 /* 値
値 */
