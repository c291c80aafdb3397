// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manifests

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
	"github.com/klink-cloud/klink-operator/test/harness/installation"
)

// checkPods wants the Deployment's pods to be admitted by the policy "restricted", and
// to be those that the other objects mean.
func checkPods(c *installation.Cluster) {
	c.Helper()
	template := c.Deployment().Spec.Template
	create := func(spec corev1.PodSpec) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "manager", Labels: template.Labels}, Spec: spec}
		options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
		_, err := c.Clients.CoreV1().Pods(c.Namespace).Create(c.Context(), pod, options)
		return err
	}
	if err := create(template.Spec); err != nil {
		c.Error(err)
	}
	loose := template.Spec.DeepCopy()
	loose.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil
	if err := create(*loose); err == nil {
		c.Error("the policy is not enforced: a pod passes that may gain privileges")
	}
	checkHardening(c, template.Spec)
	checkSelectors(c, template)
}

// checkHardening wants what the policy "restricted" does not ask for.
func checkHardening(c *installation.Cluster, spec corev1.PodSpec) {
	c.Helper()
	container := spec.Containers[0]
	if readOnly := container.SecurityContext.ReadOnlyRootFilesystem; readOnly == nil || !*readOnly {
		c.Error("the root file system can be written")
	}
	if mount := spec.AutomountServiceAccountToken; mount == nil || !*mount {
		c.Error("the pod does not say that it wants its token")
	}
	account, err := c.Clients.CoreV1().ServiceAccounts(c.Namespace).Get(c.Context(), spec.ServiceAccountName, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	if mount := account.AutomountServiceAccountToken; mount == nil || *mount {
		c.Error("any pod of the ServiceAccount gets its token")
	}
	if !regexp.MustCompile(`(?m)^USER [1-9][0-9]*(:[0-9]+)?$`).MatchString(checkout.Read(c.T, "Dockerfile")) {
		c.Error("the image's user is not a number other than 0: the kubelet cannot tell that runAsNonRoot holds")
	}
	if grace := *spec.TerminationGracePeriodSeconds; grace <= 60 {
		c.Errorf("the manager ends within a minute, and is given %d s", grace)
	}
}

// checkSelectors wants Service, PodDisruptionBudget, spreading and NetworkPolicy to
// mean the manager's pods and ports.
func checkSelectors(c *installation.Cluster, template corev1.PodTemplateSpec) {
	c.Helper()
	pod := labels.Set(template.Labels)
	ports := map[string]bool{}
	for _, port := range template.Spec.Containers[0].Ports {
		ports[port.Name] = true
	}
	service, err := c.Clients.CoreV1().Services(c.Namespace).Get(c.Context(), "klink-operator-metrics", metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	if !labels.SelectorFromSet(service.Spec.Selector).Matches(pod) || !ports[service.Spec.Ports[0].TargetPort.StrVal] {
		c.Errorf("the Service means %v, port %s", service.Spec.Selector, service.Spec.Ports[0].TargetPort.StrVal)
	}
	budget, err := c.Clients.PolicyV1().PodDisruptionBudgets(c.Namespace).Get(c.Context(), installation.ManagerName, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	selectors := map[string]*metav1.LabelSelector{"PodDisruptionBudget": budget.Spec.Selector}
	for _, spread := range template.Spec.TopologySpreadConstraints {
		selectors[spread.TopologyKey] = spread.LabelSelector
	}
	if len(selectors) < 3 {
		c.Error("pods are not spread over nodes and zones")
	}
	for what, selector := range selectors {
		if s, err := metav1.LabelSelectorAsSelector(selector); err != nil || s.Empty() || !s.Matches(pod) {
			c.Errorf("%s means other pods: %v (%v)", what, selector, err)
		}
	}
}

// checkNetworkPolicy applies the component, and wants it to name the manager's ports.
func checkNetworkPolicy(c *installation.Cluster) {
	c.Helper()
	policy, err := c.Clients.NetworkingV1().NetworkPolicies(c.Namespace).Get(c.Context(), installation.ManagerName, metav1.GetOptions{})
	if err != nil {
		c.Fatal(err)
	}
	template := c.Deployment().Spec.Template
	if s, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector); err != nil || s.Empty() || !s.Matches(labels.Set(template.Labels)) {
		c.Errorf("the NetworkPolicy means other pods: %v (%v)", policy.Spec.PodSelector, err)
	}
	var let []string
	for _, rule := range policy.Spec.Ingress {
		for _, port := range rule.Ports {
			let = append(let, port.Port.StrVal)
		}
	}
	var listens []string
	for _, port := range template.Spec.Containers[0].Ports {
		listens = append(listens, port.Name)
	}
	if strings.Join(let, " ") != strings.Join(listens, " ") {
		c.Errorf("the NetworkPolicy lets in %v, the manager listens on %v", let, listens)
	}
}
