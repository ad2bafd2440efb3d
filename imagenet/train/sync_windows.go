package train

// syncFolder does nothing: Windows syncs names by itself.
func syncFolder(string) error { return nil }
