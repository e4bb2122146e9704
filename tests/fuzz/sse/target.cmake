heddle_fuzz(sse USES http)
