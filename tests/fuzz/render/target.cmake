heddle_fuzz(render USES render)
