heddle_fuzz(tags USES policy)
