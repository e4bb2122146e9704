heddle_fuzz(forge USES forge)
