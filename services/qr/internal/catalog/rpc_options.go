package catalog

import (
	"context"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// CreateOptionGroup implements CatalogService.
func (s *Server) CreateOptionGroup(ctx context.Context, r *qrv1.CreateOptionGroupRequest) (*qrv1.CreateOptionGroupResponse, error) {
	g := OptionGroup{ID: events.NewID(), MerchantID: r.GetMerchantId()}
	if err := g.read(r.GetGroup()); err != nil {
		return nil, err
	}
	if err := s.store.CreateGroup(ctx, &g); err != nil {
		return nil, err
	}
	return &qrv1.CreateOptionGroupResponse{Group: g.message()}, nil
}

// ListOptionGroups implements CatalogService.
func (s *Server) ListOptionGroups(ctx context.Context, r *qrv1.ListOptionGroupsRequest) (*qrv1.ListOptionGroupsResponse, error) {
	list, err := s.store.Groups(ctx, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListOptionGroupsResponse{}
	for _, g := range list {
		res.Groups = append(res.Groups, g.message())
	}
	return res, nil
}

// GetOptionGroup implements CatalogService.
func (s *Server) GetOptionGroup(ctx context.Context, r *qrv1.GetOptionGroupRequest) (*qrv1.GetOptionGroupResponse, error) {
	g, err := s.store.Group(ctx, r.GetMerchantId(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetOptionGroupResponse{Group: g.message()}, nil
}

// UpdateOptionGroup implements CatalogService.
func (s *Server) UpdateOptionGroup(ctx context.Context, r *qrv1.UpdateOptionGroupRequest) (*qrv1.UpdateOptionGroupResponse, error) {
	g, err := s.store.ChangeGroup(ctx, r.GetMerchantId(), r.GetGroup().GetId(), func(g *OptionGroup) error { return g.read(r.GetGroup()) })
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdateOptionGroupResponse{Group: g.message()}, nil
}

// DeleteOptionGroup implements CatalogService.
func (s *Server) DeleteOptionGroup(ctx context.Context, r *qrv1.DeleteOptionGroupRequest) (*qrv1.DeleteOptionGroupResponse, error) {
	if err := s.store.DeleteGroup(ctx, r.GetMerchantId(), r.GetId()); err != nil {
		return nil, err
	}
	return &qrv1.DeleteOptionGroupResponse{}, nil
}

// SetOptionAvailable implements CatalogService.
func (s *Server) SetOptionAvailable(ctx context.Context, r *qrv1.SetOptionAvailableRequest) (*qrv1.SetOptionAvailableResponse, error) {
	g, err := s.store.ChangeGroup(ctx, r.GetMerchantId(), r.GetGroupId(), func(g *OptionGroup) error {
		for i := range g.Options {
			if g.Options[i].ID == r.GetOptionId() {
				g.Options[i].Available = r.GetIsAvailable()
				return nil
			}
		}
		return errs.NotFound("Option")
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.SetOptionAvailableResponse{Group: g.message()}, nil
}
