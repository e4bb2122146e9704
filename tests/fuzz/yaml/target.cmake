heddle_fuzz(yaml USES yaml)
