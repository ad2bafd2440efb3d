package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wflowlab/wflowlab/internal/nearest"
)

// misuse is an error of the command line itself.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// execute runs the command that the arguments name, once they are found to name one.
func execute(ctx context.Context, root *cobra.Command, arguments []string) (*cobra.Command, error) {
	completes := len(arguments) > 0 && strings.HasPrefix(arguments[0], cobra.ShellCompRequestCmd) // what shells ask
	if c, err := find(root, arguments); err != nil && !completes {
		return c, err
	}
	return root.ExecuteContextC(ctx)
}

// find returns the command that words and flags name. It is an error if a word that is no command stands where one should.
func find(root *cobra.Command, arguments []string) (*cobra.Command, error) {
	c, rest, _ := root.Find(arguments) // an error says what is said here
	if !c.HasSubCommands() {
		return c, nil
	}
	for _, word := range rest {
		if !strings.HasPrefix(word, "-") {
			names := commandNames(c)
			hint := cmp.Or(nearest.Hint(word, names), ": there are "+strings.Join(names, ", "))
			return c, misuse{fmt.Errorf("unknown command %q for %q%s", word, c.CommandPath(), hint)}
		}
	}
	return c, nil
}

func commandNames(c *cobra.Command) (names []string) {
	for _, s := range c.Commands() {
		if s.IsAvailableCommand() || s.Name() == "help" {
			names = append(names, s.Name())
		}
	}
	return names
}

// commandName returns data prepare of wflow data prepare.
func commandName(c *cobra.Command) string {
	return strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), c.Root().Name()))
}

// usageTemplate returns cobra's template without the usage line of commands that only have commands, and with flags that
// fit a terminal of 80 columns.
func usageTemplate(cobras string) string {
	return strings.NewReplacer("{{if .Runnable}}", "{{if and .Runnable (not .HasAvailableSubCommands)}}", ".FlagUsages", ".FlagUsagesWrapped 80").Replace(cobras)
}

// parent makes a command print its help, if it does nothing but hold other commands.
func parent(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs // find has seen to them
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.DisableFlagsInUseLine = true
	return c
}

// exactly returns the check that there are n arguments, none of them empty.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, arguments []string) error {
		if slices.Contains(arguments, "") {
			return misuse{fmt.Errorf("%s got an empty argument: %s", commandName(c), quoted(arguments))}
		}
		if len(arguments) == n {
			return nil
		}
		name, names := commandName(c), strings.Fields(c.Use)[1:]
		if n == 0 {
			return misuse{fmt.Errorf("%s takes no arguments, and got %s", name, quoted(arguments))}
		}
		wants := fmt.Sprintf("%d arguments, %s", n, strings.Join(names, " "))
		if n == 1 {
			wants = "one argument, " + names[0]
		}
		got := "none"
		if k := len(arguments); k > 0 {
			got = fmt.Sprintf("%d: %s", k, quoted(arguments))
		}
		return misuse{fmt.Errorf("%s takes %s, and got %s", name, wants, got)}
	}
}

// positive returns an error if a flag that counts something is given less than 1.
func positive(c *cobra.Command, names ...string) error {
	for _, name := range names {
		n, err := c.Flags().GetInt(name)
		if err != nil {
			panic("wflow: " + err.Error())
		}
		if n < 1 && c.Flags().Changed(name) {
			return misuse{fmt.Errorf("--%s %d, want 1 or more", name, n)}
		}
	}
	return nil
}

// quoted returns words in quotes, which show where each ends.
func quoted(words []string) string {
	return strings.Trim(fmt.Sprintf("%q", words), "[]")
}

// flagMisuse returns the error of a flag in our words.
func flagMisuse(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	var none *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		name := "--" + unknown.GetSpecifiedName()
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		err = fmt.Errorf("unknown flag %s for %q%s", name, c.CommandPath(), nearest.Hint(name, names))
	case errors.As(err, &value):
		err = fmt.Errorf("--%s %s, want %s", value.GetFlag().Name, value.GetValue(), wanted(value.GetFlag()))
	case errors.As(err, &none):
		err = fmt.Errorf("--%s wants a value: %s", none.GetFlag().Name, none.GetFlag().Usage)
	}
	return misuse{err}
}

// wanted says which values a flag takes.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "float64":
		return "a number"
	case "uint64":
		return "a whole number from 0 to 2⁶⁴−1"
	}
	return f.Usage
}

// usage says how a command is called, with an example.
func usage(c *cobra.Command) string {
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line = c.CommandPath() + " " + strings.Join(commandNames(c), "|")
	}
	text := "usage:    " + line + "\n"
	if first, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n"); first != "" {
		text += "example:  " + first + "\n"
	}
	return text + "more:     " + strings.TrimSpace("wflow help "+commandName(c)) + "\n"
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "tell what a command does, with examples",
		Example: "  wflow help info\n  wflow help data prepare",
		RunE: func(c *cobra.Command, arguments []string) error {
			about, err := find(c.Root(), arguments)
			if err != nil {
				return err
			}
			if words := strings.Fields(about.CommandPath())[1:]; len(words) < len(arguments) {
				return misuse{fmt.Errorf("%q has no commands, but got %s", about.CommandPath(), quoted(arguments[len(words):]))}
			}
			about.InitDefaultHelpFlag() // so that it is shown
			about.InitDefaultVersionFlag()
			return about.Help()
		},
		ValidArgsFunction: completeCommands,
	}
}
