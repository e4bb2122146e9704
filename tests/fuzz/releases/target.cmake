heddle_fuzz(releases USES locate model yaml)
