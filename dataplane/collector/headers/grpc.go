package headers

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type rpcCredentials struct{ *headers }

// GetRequestMetadata reads the files for every call.
func (c rpcCredentials) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	values, err := c.config.values()
	if err != nil {
		c.outcomes.CredentialMissing(c.backend, err.Error())
		// Any other code would make the exporter drop the data instead of keeping it in its queue.
		return nil, status.Error(codes.Unavailable, err.Error())
	}
	out := make(map[string]string, len(values))
	for name, value := range values {
		out[strings.ToLower(name)] = value
	}
	return out, nil
}

// RequireTransportSecurity is false, since backends inside the cluster may be plain; the operator decides on TLS.
func (rpcCredentials) RequireTransportSecurity() bool { return false }

func (h *headers) observe(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	switch code := status.Code(err); {
	case err == nil:
		h.outcomes.Delivered(h.backend)
	case strings.Contains(err.Error(), ErrCredentialMissing.Error()):
		// told already when the file was looked for
	default:
		h.outcomes.Failed(h.backend, "gRPC "+code.String())
	}
	return err
}
