heddle_fuzz(image USES model)
