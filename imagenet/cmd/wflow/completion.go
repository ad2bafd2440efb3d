package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/preset"
)

// addCompletion adds cobra's command that prints scripts for shells.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c, _, _ := root.Find([]string{"completion"})
	c.Short = "print a script that lets a shell complete what you type"
	c.Long = `completion prints a script for a shell. With it the tab key completes commands,
flags, and the names of presets and networks. The help of each shell's command
tells how to load the script once or for good.`
	c.Example = `  source <(wflow completion bash)
  wflow help completion zsh`
	for _, shell := range parent(c).Commands() {
		shell.Short = "the script for " + shell.Name()
		shell.Args = exactly(0)
	}
}

// completeFiles lets the shell complete the first n arguments in the way of a directive, by files or by folders only, and
// none behind them.
func completeFiles(n int, how cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(_ *cobra.Command, arguments []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(arguments) < n {
			return nil, how
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeCommands lets the shell complete the commands of the command that the arguments name.
func completeCommands(c *cobra.Command, arguments []string, begun string) (names []string, _ cobra.ShellCompDirective) {
	if about, err := find(c.Root(), arguments); err == nil && about.HasSubCommands() {
		names = slices.DeleteFunc(commandNames(about), func(name string) bool { return !strings.HasPrefix(name, begun) })
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// The names of presets begin with the kind of their network.
const (
	generators = "gen/"
	encoders   = "mae/"
)

// completePresets lets the shell complete names of presets, and files where no name of a preset begins so.
func completePresets(_ *cobra.Command, arguments []string, begun string) (names []string, _ cobra.ShellCompDirective) {
	if len(arguments) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return begunBy(begun, "", append(preset.List(), preset.Listed{Name: "presets", Purpose: "the list of all presets"})), cobra.ShellCompDirectiveDefault
}

// completeFlagPresets lets the shell complete the name of a generator's preset behind a flag, and files where no name begins so.
func completeFlagPresets(_ *cobra.Command, _ []string, begun string) (names []string, _ cobra.ShellCompDirective) {
	return begunBy(begun, generators, preset.List()), cobra.ShellCompDirectiveDefault
}

// completeTraining lets the shell complete the preset of a kind of networks, or a file where no name begins so, and behind it the
// folder of a run.
func completeTraining(kind string) cobra.CompletionFunc {
	return func(_ *cobra.Command, arguments []string, begun string) ([]string, cobra.ShellCompDirective) {
		switch len(arguments) {
		case 0:
			return begunBy(begun, kind, preset.List()), cobra.ShellCompDirectiveDefault
		case 1:
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// begunBy returns the names of the presets of a kind that begin with what is typed, each with its purpose.
func begunBy(begun, kind string, list []preset.Listed) (names []string) {
	for _, p := range list {
		if strings.HasPrefix(p.Name, begun) && strings.HasPrefix(p.Name, kind) {
			names = append(names, cobra.CompletionWithDesc(p.Name, p.Purpose))
		}
	}
	return names
}

// completeNetworks returns the names of the networks, each with what it is.
func completeNetworks() (names []string) {
	for _, n := range networks() {
		names = append(names, cobra.CompletionWithDesc(n.name, n.what))
	}
	return names
}

// completeFlag lets the shell complete a flag by some words, or by nothing.
func completeFlag(c *cobra.Command, flag string, words ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("wflow: " + err.Error()) // the command has no such flag
	}
}
