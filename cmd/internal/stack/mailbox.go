package stack

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sandbox/mailbox"
)

// startMailbox starts the sandbox mailbox, which receives all mails, unless a mail server was given.
func (s *Stack) startMailbox() error {
	sys := s.System()
	if !sys.OwnMailbox() {
		return nil
	}
	box := mailbox.New(mailbox.Config{Log: s.log.With("service", "mailbox")})
	smtp, err := net.Listen("tcp", system.Loopback(sys.Ports.SMTP))
	if err != nil {
		return fmt.Errorf("listen for the sandbox mailbox: %w", err)
	}
	management, err := net.Listen("tcp", system.Loopback(sys.Ports.Mailbox))
	if err != nil {
		smtp.Close()
		return fmt.Errorf("listen for the sandbox mailbox: %w", err)
	}
	run := func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return box.Serve(ctx, smtp) })
		group.Go(func() error { return serve(management, box.Management())(ctx) })
		return group.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailbox = s.supervise("sandbox mailbox", run)
	return nil
}
