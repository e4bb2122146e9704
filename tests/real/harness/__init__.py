"""What the tests on real parts share: processes, waiting, and the parts themselves."""
