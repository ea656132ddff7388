package main

// MaxRunners is how many deployments run at once.
func MaxRunners(l Limits) int { return l.maxRunners() }

// GenerationOf is the generation of a table.
func GenerationOf(opts Options, part string) int { return opts.Generations.of(part) }

// ReadTeamFile is readTeamFile, with what main does with it.
func ReadTeamFile(folder string, given func(name string) any) (Options, error) {
	file, err := readTeamFile(folder, given)
	if err != nil {
		return Options{}, err
	}
	opts, err := ReadOptions(file.lookup)
	if err == nil {
		err = file.unread()
	}
	return opts, err
}

// Credentials is credentials.
func Credentials(lookup func(name string) any) func(name string) any { return credentials(lookup) }
