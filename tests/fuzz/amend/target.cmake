heddle_fuzz(amend USES yaml)
