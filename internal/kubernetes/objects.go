package kubernetes

// The fields of Kubernetes' objects that are used, in the order in which they are
// written. Their meaning is that of the API reference of Kubernetes 1.35.

type metadata struct {
	Name        string            `yaml:"name,omitempty"`
	Namespace   string            `yaml:"namespace,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

type configMap struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   metadata          `yaml:"metadata"`
	Data       map[string]string `yaml:"data"`
}

type jobObject struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       jobSpec  `yaml:"spec"`
}

type jobSpec struct {
	CompletionMode          string           `yaml:"completionMode"`
	Completions             int              `yaml:"completions"`
	Parallelism             int              `yaml:"parallelism"`
	BackoffLimitPerIndex    int              `yaml:"backoffLimitPerIndex"`
	PodReplacementPolicy    string           `yaml:"podReplacementPolicy"`
	PodFailurePolicy        podFailurePolicy `yaml:"podFailurePolicy"`
	ActiveDeadlineSeconds   int64            `yaml:"activeDeadlineSeconds"`
	TTLSecondsAfterFinished int64            `yaml:"ttlSecondsAfterFinished"`
	Template                template         `yaml:"template"`
}

type podFailurePolicy struct {
	Rules []failureRule `yaml:"rules"`
}

type failureRule struct {
	Action      string      `yaml:"action"`
	OnExitCodes onExitCodes `yaml:"onExitCodes"`
}

type onExitCodes struct {
	ContainerName string `yaml:"containerName"`
	Operator      string `yaml:"operator"`
	Values        []int  `yaml:"values,flow"`
}

type template struct {
	Metadata metadata `yaml:"metadata"`
	Spec     podSpec  `yaml:"spec"`
}

type podSpec struct {
	RestartPolicy                 string      `yaml:"restartPolicy"`
	AutomountServiceAccountToken  bool        `yaml:"automountServiceAccountToken"`
	EnableServiceLinks            bool        `yaml:"enableServiceLinks"`
	TerminationGracePeriodSeconds int64       `yaml:"terminationGracePeriodSeconds"`
	TopologySpreadConstraints     []spread    `yaml:"topologySpreadConstraints"`
	SecurityContext               podSecurity `yaml:"securityContext"`
	Containers                    []container `yaml:"containers"`
	Volumes                       []volume    `yaml:"volumes"`

	More map[string]any `yaml:",inline"` // what the user adds
}

type spread struct {
	MaxSkew           int      `yaml:"maxSkew"`
	TopologyKey       string   `yaml:"topologyKey"`
	WhenUnsatisfiable string   `yaml:"whenUnsatisfiable"`
	LabelSelector     selector `yaml:"labelSelector"`
}

type selector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

type podSecurity struct {
	RunAsNonRoot   bool    `yaml:"runAsNonRoot"`
	RunAsUser      int64   `yaml:"runAsUser"`
	FSGroup        int64   `yaml:"fsGroup"`
	SeccompProfile seccomp `yaml:"seccompProfile"`
}

type seccomp struct {
	Type string `yaml:"type"`
}

type container struct {
	Name                     string    `yaml:"name"`
	Image                    string    `yaml:"image"`
	Args                     []string  `yaml:"args"`
	WorkingDir               string    `yaml:"workingDir"`
	Env                      []envVar  `yaml:"env"`
	EnvFrom                  []envFrom `yaml:"envFrom,omitempty"`
	Resources                resources `yaml:"resources"`
	SecurityContext          security  `yaml:"securityContext"`
	TerminationMessagePolicy string    `yaml:"terminationMessagePolicy"`
	VolumeMounts             []mount   `yaml:"volumeMounts"`
}

type envVar struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

type envFrom struct {
	SecretRef nameRef `yaml:"secretRef"`
}

type nameRef struct {
	Name string `yaml:"name"`
}

type resources struct {
	Requests map[string]string `yaml:"requests"`
	Limits   map[string]string `yaml:"limits"`
}

type security struct {
	AllowPrivilegeEscalation bool         `yaml:"allowPrivilegeEscalation"`
	ReadOnlyRootFilesystem   bool         `yaml:"readOnlyRootFilesystem"`
	Capabilities             capabilities `yaml:"capabilities"`
}

type capabilities struct {
	Drop []string `yaml:"drop,flow"`
}

type volume struct {
	Name        string       `yaml:"name"`
	ConfigMap   *nameRef     `yaml:"configMap,omitempty"`
	EmptyDir    *struct{}    `yaml:"emptyDir,omitempty"`
	DownwardAPI *downwardAPI `yaml:"downwardAPI,omitempty"`
	Claim       *claim       `yaml:"persistentVolumeClaim,omitempty"`
	Image       *imageRef    `yaml:"image,omitempty"`
}

type downwardAPI struct {
	Items []downwardItem `yaml:"items"`
}

type downwardItem struct {
	Path     string   `yaml:"path"`
	FieldRef fieldRef `yaml:"fieldRef"`
}

type fieldRef struct {
	FieldPath string `yaml:"fieldPath"`
}

type claim struct {
	ClaimName string `yaml:"claimName"`
	ReadOnly  bool   `yaml:"readOnly"`
}

type imageRef struct {
	Reference string `yaml:"reference"`
}

type mount struct {
	Name      string `yaml:"name"`
	MountPath string `yaml:"mountPath"`
	SubPath   string `yaml:"subPath,omitempty"`
	ReadOnly  bool   `yaml:"readOnly,omitempty"`
}
