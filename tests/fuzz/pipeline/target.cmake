heddle_fuzz(pipeline USES configrepo)
